"""What is timed of TeNPy, in an interpreter that may have nothing of `qsb`."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def levels(n: int, chi: int = 64) -> tuple[Arrays, dict[str, Any]]:
    """W5: two-site DMRG in each parity sector."""
    from tenpy.algorithms import dmrg
    from tenpy.models.tf_ising import TFIChain
    from tenpy.networks.mps import MPS

    logging.disable(logging.CRITICAL)  # what it tells of each sweep
    found = []
    for flipped in (False, True):
        model = TFIChain({"L": n, "J": 1.0, "g": 1.0, "bc_MPS": "finite", "conserve": "parity"})
        cells = ["up"] * n
        if flipped:
            cells[n // 2] = "down"
        psi = MPS.from_product_state(model.lat.mps_sites(), cells, bc="finite")
        trunc = {"chi_max": chi, "svd_min": 1e-10}
        options = {"mixer": True, "max_E_err": 1e-11, "max_S_err": 1e-8, "trunc_params": trunc, "max_sweeps": 40}
        found.append(float(dmrg.TwoSiteDMRGEngine(psi, model, {**options, "combine": True}).run()[0]))
    return {"E0": np.array(min(found)), "gap": np.array(abs(found[1] - found[0]))}, {"bond": chi}


def chain(n: int, window: float, dt: float = 0.1, chi: int = 128) -> tuple[Arrays, dict[str, Any]]:
    """W6: fourth-order TEBD, the energy at every fifth of a unit of time."""
    from tenpy.algorithms import tebd
    from tenpy.models.lattice import Chain
    from tenpy.models.model import CouplingMPOModel, NearestNeighborModel
    from tenpy.networks.mps import MPS
    from tenpy.networks.site import SpinHalfSite

    logging.disable(logging.CRITICAL)

    class Model(CouplingMPOModel, NearestNeighborModel):
        default_lattice = Chain
        force_default_lattice = True

        def init_sites(self, model_params: Any) -> Any:
            return SpinHalfSite(conserve=None)

        def init_terms(self, model_params: Any) -> None:
            self.add_onsite(0.5, 0, "Sigmaz")
            self.add_onsite(0.5, 0, "Sigmax")
            self.add_coupling(0.3, 0, "Sigmax", 0, "Sigmax", 1)
            self.add_coupling(0.2, 0, "Sigmaz", 0, "Sigmaz", 1)

    model = Model({"L": n, "bc_MPS": "finite"})
    psi = MPS.from_product_state(model.lat.mps_sites(), ["down"] * n, bc="finite")
    trunc = {"chi_max": chi, "svd_min": 1e-8}
    engine = tebd.TEBDEngine(psi, model, {"dt": dt, "N_steps": round(0.2 / dt), "order": 4, "trunc_params": trunc})
    energy = [0.5 * float(np.real(np.sum(psi.expectation_value("Sigmaz"))))]
    whole = [float(np.real(model.H_MPO.expectation_value(psi)))]
    for _ in range(round(window / 0.2)):
        engine.run()
        energy.append(0.5 * float(np.real(np.sum(psi.expectation_value("Sigmaz")))))
        whole.append(float(np.real(model.H_MPO.expectation_value(psi))))
    drift = float(np.abs(np.array(whole) - whole[0]).max()) / n
    e = np.array(energy)
    return {"E": e - e[0]}, {"budget": {"energy_drift": drift}, "bond": int(max(psi.chi))}
