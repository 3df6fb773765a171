"""Work and energy of any store under given exponential pulses by an ODE solver, from event to event: it judges kernels.

For one rate of loss and a step `surge_reference` is the simpler judge.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import solve_ivp

from qsb.stellar.loss import Latching, Logistic, Pair, Step, Stochastic


def solve(store, events, scale, push=0.0, rng=None, start=(0.0, 0.0), rtol=1e-12):
    """End, peak, clipped energy and energy lost to avalanches, J."""
    return _Course(store, events, scale, push, rng, start, rtol).run()


class _Course:
    def __init__(self, store, events, scale, push, rng, start, rtol):
        self.law, self.cap, self.share = store.loss.avalanche, store.capacity_limit, store.eta_in
        self.held, self.leak, self.dephasing = store.loss.held, store.passive_held, store.dephasing
        self.events, self.push, self.rng, self.rtol = events, push, rng, rtol
        self.amp, self.kappa = events.energies * scale / events.widths, 1 / events.widths
        self.atol = rtol * float(np.median(events.energies)) * scale
        self.work, self.energy = start[0], sum(start)
        self.peak, self.clipped, self.lost, self.latched = self.energy, 0.0, 0.0, False
        self.clock = rng.standard_exponential() if isinstance(self.law, Stochastic) else math.inf
        self.active, self.mode = [], ""

    def power(self, t):
        k = self.active
        return self.push + float(np.sum(self.amp[k] * np.exp(-self.kappa[k] * (t - self.events.times[k]))))

    def run(self):
        now = 0.0
        for i, end in enumerate(np.append(self.events.times, self.events.duration)):
            self.active, self.mode = [j for j in self.active if (now - self.events.times[j]) * self.kappa[j] < 60], ""
            while now < end:
                now = self.stretch(now, end)
            self.active.append(i)
        return self.energy, self.peak, self.clipped, self.lost

    def drift(self, t, rate):
        """Rate of change of E."""
        return self.power(t) - (self.leak + rate) * self.energy - (self.held - self.leak) * self.work

    def stretch(self, now, end):
        """One regime; the time at its end."""
        law, energy = self.law, self.energy
        rate, low, high, until = 0.0, -1.0, self.cap, end
        if isinstance(law, Latching):
            self.latched = energy > law.release * law.threshold if self.latched else energy >= law.threshold
            rate, low = (law.rate, law.release * law.threshold) if self.latched else (0.0, -1.0)
            high = self.cap if self.latched else min(law.threshold, self.cap)
        elif isinstance(law, Step | Stochastic):
            above = energy > law.threshold or self.mode == "above"
            if energy == law.threshold and self.mode != "below" and self.drift(now, 0.0) > 0:
                above = True
                if isinstance(law, Step) and self.mode != "above" and self.drift(now, law.rate) <= 0:
                    return self.slide(now, end)
            if above:
                rate, low = law.rate if isinstance(law, Step) else 0.0, law.threshold
                until = min(end, now + self.clock / law.rate) if isinstance(law, Stochastic) else end
            else:
                high = min(law.threshold, self.cap)
        if isinstance(law, Logistic | Pair):
            rate = law.at(energy)[0]
        if energy >= self.cap and self.mode != "loose" and self.drift(now, rate) > 0:
            found = self.full(now, until, rate)
        else:
            found = self.free(now, until, rate, low, high)
        if isinstance(law, Stochastic) and low > 0:
            self.clock -= (found - now) * law.rate
            if found == until < end:
                size = min(law.size(self.rng.random()), self.energy)
                self.work *= 1 - size / self.energy
                self.energy -= size
                self.lost += size
                self.clock, self.mode = self.rng.standard_exponential(), ""
        return found

    def go(self, slope, now, until, y, events):
        first = min([until - now, *(1e-3 / self.kappa[k] for k in self.active)])
        return solve_ivp(
            slope, (now, until), y, "DOP853", events=events, rtol=self.rtol, atol=self.atol, first_step=first
        )

    def free(self, now, until, rate, low, high):
        smooth = isinstance(self.law, Logistic | Pair)
        excess, fade = self.held - self.leak, self.held + self.dephasing

        def slope(t, y):
            a, p = self.law.at(y[0])[0] if smooth else rate, self.power(t)
            return [p - (self.leak + a) * y[0] - excess * y[1], self.share * p - (fade + a) * y[1], a * y[0]]

        up, down = _event(lambda t, y: y[0] - high, 1), _event(lambda t, y: y[0] - low, -1)
        top = _event(lambda t, y: slope(t, y)[0], -1)
        top.terminal = False
        watched = ([up] if self.energy < high < math.inf else []) + ([down] if low > 0 else [])
        found = self.go(slope, now, until, [self.energy, self.work, self.lost], [*watched, top])
        self.energy, self.work, self.lost = found.y[:, -1]
        self.mode = ""
        if found.status == 1:
            hit = next(e for e, hits in zip(watched, found.t_events, strict=False) if len(hits))
            self.energy = high if hit is up else low
        self.peak = max([self.peak, self.energy, *(y[0] for y in found.y_events[-1])])
        return found.t[-1]

    def full(self, now, until, rate):
        energy, excess, fade = self.energy, self.held - self.leak, self.held + self.dephasing + rate

        def taken(y):
            return (self.leak + rate) * energy + excess * y[0]

        def slope(t, y):
            return [self.share * taken(y) - fade * y[0], self.power(t) - taken(y)]

        stop = _event(lambda t, y: self.power(t) - taken(y), -1)
        found = self.go(slope, now, until, [self.work, self.clipped], [stop])
        self.work, self.clipped = found.y[:, -1]
        self.lost += rate * energy * (found.t[-1] - now)
        self.mode = "loose" if found.status == 1 else ""
        return found.t[-1]

    def slide(self, now, until):
        energy, excess, fade = self.energy, self.held - self.leak, self.held + self.dephasing

        def rate(t, w):
            return (self.power(t) - self.leak * energy - excess * w) / energy

        def slope(t, y):
            return [self.share * self.power(t) - (fade + rate(t, y[0])) * y[0], rate(t, y[0]) * energy]

        closed, open_ = _event(lambda t, y: rate(t, y[0]), -1), _event(lambda t, y: rate(t, y[0]) - self.law.rate, 1)
        found = self.go(slope, now, until, [self.work, self.lost], [closed, open_])
        self.work, self.lost = found.y[:, -1]
        self.mode = "" if found.status != 1 else "below" if len(found.t_events[0]) else "above"
        return found.t[-1]


def _event(function, direction):
    function.terminal, function.direction = True, direction
    return function
