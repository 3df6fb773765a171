"""A dataset as plain data, and as text that fits a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["data_dict", "data_text"]


def data_dict(data: xr.Dataset) -> dict[str, Any]:
    """Scalars, series and attributes as plain data; NaN and infinity become null."""
    return {
        "attributes": dict(data.attrs),
        "dimensions": {str(k): int(v) for k, v in data.sizes.items()},
        "coordinates": {str(k): v.values.tolist() for k, v in data.coords.items()},
        "variables": {
            str(k): {"units": v.attrs["units"], "dims": list(v.dims), "values": v.values.tolist()}
            for k, v in data.data_vars.items()
        },
    }


def data_text(data: xr.Dataset) -> str:
    """Scalars with units; of a sweep one line a point."""
    if data.attrs.get("kind") == "stellar":
        from qsb.runs.stellar import text

        axes = [str(d) for d in data["speculative_share"].dims]
        scalars = text.varying(data)
        if not axes:
            return text.summary(data)
    else:
        axes = [str(d) for d in data.dims if d != "time"]
        scalars = [str(k) for k, v in data.data_vars.items() if "time" not in v.dims]
    if not axes:
        width = max(len(k) for k in scalars)
        lines = [f"{k:<{width}}  {float(data[k]):.10g} {_unit(data[k].attrs['units'])}".rstrip() for k in scalars]
        return "\n".join([data.attrs["title"], *lines])
    flat = data[scalars].stack(point=axes)
    header = [*(_headed(data, k) for k in axes), *(_headed(data, k) for k in scalars)]
    rows = [
        [*map(_short, _tuple(p)), *(f"{float(flat[k][i]):.8g}" for k in scalars)]
        for i, p in enumerate(flat["point"].values)
    ]
    widths = [max(len(r[c]) for r in [header, *rows]) for c in range(len(header))]
    return "\n".join("  ".join(f"{v:>{w}}" for v, w in zip(r, widths, strict=True)) for r in [header, *rows])


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _short(value: Any) -> str:
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit


def _headed(data: xr.Dataset, name: str) -> str:
    """Head of a column; SI units stand in it, for they differ from column to column."""
    unit = _unit(str(data[name].attrs.get("units", "1")))
    return f"{name} ({unit})" if unit and data.attrs.get("kind") == "stellar" else name
