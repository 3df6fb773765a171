"""Batteries from QuTiP's operators agree with QuTiP, whatever form they come in."""

import numpy as np
import pytest
import qutip

import qsb
from qsb.errors import SpecError
from qsb.models import custom, custom_channels

SX, SY, SZ = qutip.sigmax(), qutip.sigmay(), qutip.sigmaz()
SM, SP = qutip.sigmam(), qutip.sigmap()
T = np.linspace(0.0, 5.0, 6)
GRID = np.linspace(0.0, 5.0, 51)
OPTIONS = {"atol": 1e-12, "rtol": 1e-10, "max_step": 0.05, "progress_bar": ""}


def rotating(t):
    return 0.3 * np.exp(1j * t)


def conjugate(t):
    return 0.3 * np.exp(-1j * t)


def scaled(t, a):
    return a * np.cos(t)


DRIVES = {
    "constant": (0.4 * SX, {}),
    "function": ([0.2 * SX, [SY, lambda t: 0.3 * np.cos(t)]], {"max_step": 0.3}),
    "function with args": ([[SX, scaled]], {"max_step": 0.3, "args": {"a": 0.3}}),
    "array": ([[SX, 0.3 * np.sin(GRID)]], {"tlist": GRID}),
    "string": ([[SX, "0.3 * cos(2 * t)"]], {"max_step": 0.3}),
    "rotating": ([[SP, rotating], [SM, conjugate]], {"max_step": 0.3}),
    "complex parts": ([[SX, lambda t: 0.3 * np.cos(t)], [1j * SP - 1j * SM, lambda t: 0.2 * t]], {"max_step": 0.3}),
}


def whole(drive, tlist=None, args=None):
    """Return the Hamiltonian as QuTiP takes it."""
    parts = drive if isinstance(drive, list) else [drive]
    return qutip.QobjEvo([SZ / 2, *parts], tlist=tlist, args=args or {})


def energies(hamiltonian, jumps, tlist=None):
    jumps = [qutip.QobjEvo(j, tlist=tlist) if isinstance(j, list) else j for j in jumps]
    return qutip.mesolve(hamiltonian, qutip.basis(2, 1), T, jumps, e_ops=[SZ / 2], options=OPTIONS).expect[0] + 0.5


@pytest.mark.filterwarnings("ignore:`cython`:UserWarning")  # QuTiP says that it evaluates strings
@pytest.mark.parametrize("name", DRIVES)
def test_every_form_of_a_drive(name):
    drive, options = DRIVES[name]
    expected = energies(whole(drive, options.get("tlist"), options.get("args")), [0.2 * SM])
    battery = custom(SZ / 2, drive, **options)
    problem = qsb.Problem(battery, qsb.quench(5.0), custom_channels([0.2 * SM]), T)
    np.testing.assert_allclose(qsb.run(problem)["stored_energy"], expected, rtol=0, atol=1e-8)


def test_a_qobjevo():
    evo = qutip.QobjEvo([0.1 * SX, [SY, 0.3 * np.sin(GRID)]], tlist=GRID)
    battery = custom(SZ / 2, evo, max_step=0.1)
    data = qsb.run(qsb.Problem(battery, qsb.quench(5.0), times=T))
    np.testing.assert_allclose(data["stored_energy"], energies(evo + SZ / 2, []), rtol=0, atol=1e-8)


def test_the_rate_of_a_jump_is_its_coefficient_squared():
    jump = [SM, lambda t: 0.5 * np.sin(t)]
    battery = custom(SZ / 2, 0.4 * SX)
    problem = qsb.Problem(battery, qsb.quench(5.0), custom_channels([jump, 0.3 * SZ], max_step=0.3), T)
    expected = energies(SZ / 2 + 0.4 * SX, [jump, 0.3 * SZ])
    np.testing.assert_allclose(qsb.run(problem)["stored_energy"], expected, rtol=0, atol=1e-8)


def test_factors_of_different_size():
    meter = qutip.tensor(qutip.num(3), qutip.qeye(2)) + qutip.tensor(qutip.qeye(3), SZ / 2)
    hop = qutip.tensor(qutip.destroy(3), SP)
    jump = 0.3 * qutip.tensor(qutip.qeye(3), SM)
    start = qutip.tensor(qutip.basis(3, 2), qutip.basis(2, 1))
    v = 0.4 * (hop + hop.dag()) + 0.2 * qutip.tensor(qutip.qeye(3), SX)
    expected = qutip.mesolve(meter + v, start, T, [jump], e_ops=[meter], options=OPTIONS).expect[0]
    for begin in (start, qutip.ket2dm(start)):
        battery = custom(meter, v, start=begin)
        data = qsb.run(
            qsb.Problem(battery, qsb.quench(5.0), custom_channels([jump]), T), ["stored_energy", "ergotropy"]
        )
        np.testing.assert_allclose(data["stored_energy"], expected - expected[0], rtol=0, atol=1e-8)
        assert float(data["ergotropy"][0]) == pytest.approx(2.0, abs=1e-9)


def test_matrices_without_qutip():
    z, x = np.diag([0.5, -0.5]), np.array([[0, 0.4], [0.4, 0]])
    data = qsb.run(qsb.Problem(custom(z, x), qsb.quench(5.0), times=T))
    np.testing.assert_allclose(data["stored_energy"], energies(SZ / 2 + 0.4 * SX, []), rtol=0, atol=1e-9)


def test_a_short_pulse_is_not_skipped():
    """QuTiP's issue 1945: a pulse of width 0.5 at 500, with few output times."""

    def pulse(t):
        return np.pi / 2 / (0.5 * np.sqrt(2 * np.pi)) * np.exp(-(((t - 500.0) / 0.5) ** 2) / 2)

    battery = custom(0.0 * SZ + 1e-6 * SZ, [[SX, pulse]], max_step=0.5, start=qutip.basis(2, 1))
    problem = qsb.Problem(battery, qsb.quench(1000.0, battery=False), times=[0.0, 1000.0])
    assert float(qsb.run(problem)["stored_energy"][1]) == pytest.approx(2e-6, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: custom(SZ, [[SX, lambda t: t]]), "max_step"),
        (lambda: custom(SP), "H_B is not Hermitian"),
        (lambda: custom(SZ, SP), "V is not Hermitian"),
        (lambda: custom(SZ, [[SP, lambda t: 1.0]], max_step=1.0), "not Hermitian at t"),
        (lambda: custom(SZ, charger=SP), "H_C is not Hermitian"),
        (lambda: custom(SZ, qutip.tensor(SX, SX)), "dimension 2"),
        (lambda: custom(SZ * np.nan), "NaN|finite"),
        (lambda: custom(qutip.basis(2, 0)), "operator"),
        (lambda: custom(SZ, [[SX, [1.0, 2.0]]]), "tlist"),
        (lambda: custom(SZ, [[SX, [1.0, 2.0]]], tlist=[0.0, 1.0, 2.0]), "one a time"),
        (lambda: custom_channels([qutip.lindblad_dissipator(SM)]), "superoperator"),
        (lambda: custom_channels([qutip.QobjEvo([SM, [SP, lambda t: t]])]), "2 parts"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(qsb.QsbError, match=words):
        call()


@pytest.mark.parametrize("value", ["strong", "1.5", b"1", None, [1.0, 2.0], 10**400, {}], ids=lambda v: repr(v)[:9])
def test_a_coefficient_that_is_no_number_is_refused(value):
    def always(t, scale=1.0):
        return value

    def late(t, scale=1.0):
        return 0.3 if t < 5.0 else value

    with pytest.raises(SpecError, match="coefficient must be a number at every time, but at t = 0"):
        custom(SZ / 2, [[SX, always]], max_step=0.1)
    with pytest.raises(SpecError, match=r"must be a number at every time, (given t and scale|but at t = 0)"):
        custom(SZ / 2, [[SX, always]], max_step=0.1, args={"scale": 2.0})
    with pytest.raises(SpecError, match="coefficient must be a number at every time"):
        qsb.from_qutip(SZ / 2, [[SX, always]], duration=1.0, max_step=0.1)
    # what is a number at the first looks is found out while it runs
    for drive, options in ((late, {}), (qutip.coefficient(late), {}), (late, {"args": {"scale": 2.0}})):
        battery = custom(SZ / 2, [[SX, drive]], max_step=0.1, **options)
        with pytest.raises(SpecError, match="coefficient must be a number at every time, but at t = "):
            qsb.run(qsb.Problem(battery, qsb.quench(8.0), times=[0.0, 8.0]))
    jump = qsb.Problem(custom(SZ / 2), qsb.quench(8.0), custom_channels([[SM, always]], max_step=0.1), [0.0, 8.0])
    with pytest.raises(SpecError, match="coefficient must be a number at every time"):
        qsb.run(jump)


def test_different_coefficients_are_different_problems():
    def mark(f):
        battery = custom(SZ / 2, [[SX, f]], max_step=0.5)
        return qsb.Problem(battery, qsb.quench(1.0)).fingerprint

    amplitude = np.array([0.1, 0.2])
    assert mark(lambda t: np.cos(t)) != mark(lambda t: np.sin(t))
    assert mark(lambda t: amplitude[0] * t) != mark(lambda t: amplitude[1] * t)
    assert mark(np.cos) != mark(np.sin)
