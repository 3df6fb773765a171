"""Datasets: the schema, and files that are whole or not there."""

import json
import os
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr

import qsb
from qsb.quantities import names, quantity
from qsb.runs import dataset as files
from qsb.runs.dataset import ATTRIBUTES, check, read, variable, write
from systems import cells, pairs


@pytest.fixture(scope="module")
def data():
    """Return a dataset with every kind of variable, one that may be NaN and one that may be infinite among them."""
    problem = cells(2, coupling=pairs(0.5), channels=(qsb.emission(0.1),), duration=3.0, times=np.linspace(0, 3, 7))
    asked = ["stored_energy", "power", "ergotropy", "ergotropy_fraction", "bound_fisher", "subset_ergotropy", "drive"]
    return qsb.run(problem, asked, subset=(0,), title="Two cells", seed=3)


# -- the schema --


def test_variables_carry_what_the_nomenclature_says(data):
    for name, values in [*data.data_vars.items(), ("time", data["time"])]:
        row = quantity(name)
        for key, value in row.attributes.items():
            assert values.attrs[key] == value, name
        assert values.dims == (("time",) if row.kind in ("series", "coordinate") else ())


def test_attributes_are_all_there_and_can_be_written(data):
    assert set(ATTRIBUTES) <= set(data.attrs)
    for value in data.attrs.values():
        assert isinstance(value, str | int | float | np.integer)
    for name in ("plan", "versions", "error_budget"):
        assert isinstance(json.loads(data.attrs[name]), dict)
    assert data.attrs["title"] == "Two cells"
    assert data.attrs["seed"] == 3


def test_a_good_dataset_passes_unchanged(data):
    assert check(data) is data


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_a_missing_attribute_is_named(data, attribute):
    broken = data.copy()
    del broken.attrs[attribute]
    with pytest.raises(qsb.SpecError, match=rf"lacks the attributes \['{attribute}'\]"):
        check(broken)


def test_an_unknown_variable_is_refused_with_the_nearest_name(data):
    broken = data.assign(stored_enrgy=data["stored_energy"])
    with pytest.raises(qsb.SpecError, match="did you mean 'stored_energy'"):
        check(broken)
    with pytest.raises(qsb.SpecError, match="unknown quantity 'wealth'"):
        variable("wealth", (), 1.0)


@pytest.mark.parametrize("unit", ["joule", "omega0^2", None])
def test_a_wrong_unit_is_refused(data, unit):
    broken = data.copy(deep=True)
    broken["ergotropy"].attrs["units"] = unit
    if unit is None:
        del broken["ergotropy"].attrs["units"]
    with pytest.raises(qsb.SpecError, match=rf"ergotropy is in {re.escape(repr(unit))}, but its unit is 'omega0'"):
        check(broken)


def test_a_wrong_unit_of_time_is_refused(data):
    broken = data.copy(deep=True)
    broken["time"].attrs["units"] = "s"
    with pytest.raises(qsb.SpecError, match="time is in 's'"):
        check(broken)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["stored_energy", "power", "ergotropy", "subset_ergotropy", "peak_power"])
def test_what_is_no_number_is_refused(data, name, bad):
    broken = data.copy(deep=True)
    if data[name].ndim:
        broken[name][-1] = bad
    else:
        broken[name][...] = bad
    with pytest.raises(qsb.ConvergenceError, match=name):
        check(broken)


def test_an_undefined_share_and_an_infinite_bound_are_numbers_enough(data):
    assert np.isnan(data["ergotropy_fraction"][0])
    good = data.copy(deep=True)
    good["bound_fisher"][0] = np.inf
    check(good)


@pytest.mark.parametrize(("name", "bad"), [("ergotropy_fraction", np.inf), ("bound_fisher", np.nan)])
def test_what_even_they_may_not_be(data, name, bad):
    broken = data.copy(deep=True)
    broken[name][2] = bad
    with pytest.raises(qsb.ConvergenceError, match=name):
        check(broken)


def test_every_row_makes_a_variable():
    for name in names():
        dims, values, attrs = variable(name, ("time",), [1.0])
        assert (dims, values) == (("time",), [1.0])
        assert set(attrs) == {"units", "long_name", "symbol"}


# -- files --


def same(a, b):
    """Assert that two datasets are equal to the last bit, attributes included."""
    xr.testing.assert_identical(a, b)
    for name in a.variables:
        assert a[name].dtype == b[name].dtype
        assert a[name].values.tobytes() == b[name].values.tobytes()


def test_round_trip(data, tmp_path):
    target = write(data, tmp_path / "run.nc")
    assert target == tmp_path / "run.nc"
    same(read(target), data)
    same(read(str(target)), data)
    assert os.listdir(tmp_path) == ["run.nc"]


def test_public_names_are_these_functions():
    assert (qsb.write, qsb.read) == (write, read)


def test_reading_leaves_the_file_free(data, tmp_path):
    """The file can be overwritten and removed while what was read of it lives."""
    target = write(data, tmp_path / "run.nc")
    first = read(target)
    write(data.assign_attrs(title="Another"), target)
    assert read(target).attrs["title"] == "Another"
    target.unlink()
    same(first, data)


def test_xarray_alone_reads_it(data, tmp_path):
    """In a process that never imports this package."""
    target = write(data, tmp_path / "run.nc")
    code = (
        "import sys, xarray as xr\n"
        "d = xr.open_dataset(sys.argv[1], engine='h5netcdf')\n"
        "assert not any(m.split('.')[0] == 'qsb' for m in sys.modules)\n"
        "print(d['stored_energy'].attrs['units'], d.attrs['exact'], float(d['stored_energy'][-1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=True)
    unit, exact, last = done.stdout.split()
    assert (unit, int(exact)) == ("omega0", 1)
    assert float(last) == float(data["stored_energy"][-1])


def test_hdf5_readers_find_the_numbers(data, tmp_path):
    with h5py.File(write(data, tmp_path / "run.nc")) as opened:
        np.testing.assert_array_equal(opened["stored_energy"][:], data["stored_energy"].values)
        assert opened["stored_energy"].attrs["units"] == "omega0"


@pytest.mark.parametrize("stage", ["writing", "replacing"])
@pytest.mark.parametrize("there", [True, False], ids=["old file", "no file"])
def test_a_crash_leaves_the_old_file(data, tmp_path, monkeypatch, stage, there):
    target = tmp_path / "run.nc"
    if there:
        write(data, target)
    new = data.assign_attrs(title="New")

    def crash(*_, **__):
        raise OSError("no space left on device")

    if stage == "replacing":
        monkeypatch.setattr(files.os, "replace", crash)
    else:
        original = xr.Dataset.to_netcdf

        def half(self, path, **options):
            original(self, path, **options)
            with open(path, "r+b") as opened:
                opened.truncate(100)
            crash()

        monkeypatch.setattr(xr.Dataset, "to_netcdf", half)
    with pytest.raises(OSError, match="no space"):
        write(new, target)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == (["run.nc"] if there else [])
    if there:
        same(read(target), data)


def test_a_broken_dataset_is_not_written(data, tmp_path):
    target = write(data, tmp_path / "run.nc")
    broken = data.copy(deep=True)
    broken["ergotropy"][1] = np.nan
    with pytest.raises(qsb.ConvergenceError):
        write(broken, target)
    same(read(target), data)
    assert os.listdir(tmp_path) == ["run.nc"]


def test_a_missing_folder_is_named(data, tmp_path):
    with pytest.raises(qsb.SpecError, match=r"nowhere.*does not exist"):
        write(data, tmp_path / "nowhere" / "run.nc")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(qsb.SpecError, match=r"There is no file .*nothing\.nc"):
        read(tmp_path / "nothing.nc")
    with pytest.raises(qsb.SpecError, match="There is no file"):
        read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"time,energy\n0,1\n", b"\x89HDF\r\n\x1a\n" + b"\0" * 400, b"CDF\x01" + b"\0" * 40]
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "other.nc"
    path.write_bytes(content)
    with pytest.raises(qsb.SpecError, match="is not a NetCDF file"):
        read(path)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused(data, tmp_path, keep):
    path = write(data, tmp_path / "run.nc")
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(qsb.SpecError, match="is not a NetCDF file"):
        read(path)


def test_a_netcdf_file_of_somebody_else_is_refused(tmp_path):
    path = tmp_path / "other.nc"
    xr.Dataset({"temperature": ("time", [1.0, 2.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(qsb.SpecError, match="lacks the attributes"):
        read(path)


def test_a_file_that_was_changed_is_refused(data, tmp_path):
    path = write(data, tmp_path / "run.nc")
    with h5py.File(path, "r+") as opened:
        opened["power"][2] = np.nan
    with pytest.raises(qsb.ConvergenceError, match="power"):
        read(path)
