"""What every sweep obeys, of whatever kind its points are."""

import numpy as np
import pytest

import qsb
from qsb.runs import sweep as module


def resumes_after_an_interruption(spec, figure, folder, monkeypatch):
    """Interrupt a sweep of six points half way; the second run computes what is missing, and gives the same."""

    def stop(fraction):
        if fraction >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        qsb.sweep(spec, store=folder, progress=stop)
    kept = sorted(folder.glob("*.nc"))
    assert len(kept) == 3
    ran = []
    monkeypatch.setattr(module, "compute", lambda text, path, real=module.compute: ran.append(path) or real(text, path))
    data = qsb.sweep(spec, store=folder)
    assert len(ran) == 3
    assert not set(ran) & set(kept)
    np.testing.assert_array_equal(data[figure], qsb.sweep(spec)[figure])
