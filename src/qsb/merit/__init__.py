"""Figures of merit: pure functions of block-diagonal states, of spectra, or of time series.

Each function lives in the module of its idea: `ergotropy`, `energy`, `correlation`, `bound`. Nothing is
re-exported here, so that `qsb.merit.ergotropy` always means the module.
"""
