"""A store under given exponential pulses by an ODE solver, restarted at every flare and event: it judges the kernel."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

TINY = 1 - 2.3e-16


def solve(store, events, scale=1.0, push=0.0, rtol=1e-12):
    """End, peak, clipped energy and energy lost to avalanches, J; rtol is what each call of solve_ivp is given."""
    return _Year(store, events, scale, push, rtol).run()


class _Year:
    def __init__(self, store, events, scale, push, rtol):
        law = store.loss.avalanche
        self.cap, self.held = store.capacity_limit, store.loss.held
        self.threshold, self.extra = (law.threshold, law.rate) if law else (np.inf, 0.0)
        self.events, self.push = events, push
        self.amp, self.kappa = events.energies * scale / events.widths, 1 / events.widths
        self.settings = {"method": "DOP853", "rtol": rtol}
        self.atol = rtol * float(np.median(events.energies)) * scale
        self.energy = self.peak = self.clipped = self.lost = 0.0
        self.active = []

    def power(self, t):
        k = self.active
        return self.push + float(np.sum(self.amp[k] * np.exp(-self.kappa[k] * (t - self.events.times[k]))))

    def run(self):
        now = 0.0
        for i, end in enumerate(np.append(self.events.times, self.events.duration)):
            self.active = [j for j in self.active if (now - self.events.times[j]) * self.kappa[j] < 60]
            first = 1e-3 * self.events.widths.min()
            while now < end:
                now = self.step(now, end, min(first, end - now))
            self.active.append(i)
        return self.energy, self.peak, self.clipped, self.lost

    def step(self, now, end, first):
        """One regime."""
        energy, level = self.energy, self.threshold
        extra = self.extra if energy > level else 0.0
        power = self.power(now)
        if energy >= self.cap and power > (self.held + extra) * energy:
            return self.hold(now, end, first, (self.held + extra) * energy, extra * energy, "clipped")
        if energy == level and self.held * level < power < (self.held + self.extra) * level:
            return self.hold(now, end, first, self.held * level, 0.0, "lost")
        if energy == level and power >= (self.held + self.extra) * level:
            extra = self.extra
        return self.free(now, end, first, extra)

    def hold(self, now, end, first, loss, avalanche, where):
        """Held at the capacity or at the threshold until the input has fallen to the loss."""
        stop = _event(lambda t, y: self.power(t) - loss, -1)
        found = solve_ivp(
            lambda t, y: [self.power(t) - loss],
            (now, end),
            [0.0],
            atol=self.atol,
            events=[stop],
            first_step=first,
            **self.settings,
        )
        setattr(self, where, getattr(self, where) + found.y[0, -1])
        self.lost += avalanche * (found.t[-1] - now)
        if found.status == 1:
            self.energy *= TINY
        return found.t[-1]

    def free(self, now, end, first, extra):
        """Until a level is met; the largest energy on the way is an event too."""
        rate, above = self.held + extra, extra > 0
        levels = []
        if not above and self.energy < min(self.threshold, self.cap):
            levels.append((min(self.threshold, self.cap), 1))
        if above:
            levels += [(self.threshold, -1)] + ([(self.cap, 1)] if self.energy < self.cap else [])
        events = [_event(lambda t, y, x=x: y[0] - x, sign) for x, sign in levels]
        top = _event(lambda t, y: self.power(t) - rate * y[0], -1)
        top.terminal = False
        found = solve_ivp(
            lambda t, y: [self.power(t) - rate * y[0], y[0]],
            (now, end),
            [self.energy, 0.0],
            atol=[self.atol, self.atol * 1e5],
            events=[*events, top],
            first_step=first,
            **self.settings,
        )
        self.lost += extra * found.y[1, -1]
        self.energy = found.y[0, -1]
        if found.status == 1:
            self.energy = next(x for (x, _), hits in zip(levels, found.t_events, strict=False) if len(hits))
        self.peak = max([self.peak, self.energy, *(y[0] for y in found.y_events[-1])])
        return found.t[-1]


def _event(function, direction):
    function.terminal, function.direction = True, direction
    return function
