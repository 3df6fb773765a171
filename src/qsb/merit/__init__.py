"""Figures of merit: pure functions of block-diagonal states, of spectra, or of time series.

Each function lives in the module of its idea:

- `ergotropy`: work by unitaries on the whole battery, what can still be stored, capacity, coherent and local parts
- `collective`: work by unitaries that treat all cells alike
- `partition`: work by unitaries on blocks of cells, and the ergotropic gap
- `passivity`: n copies, infinitely many, passive and completely passive states, virtual temperatures
- `daemonic`: work where a measurement beside the battery tells which unitary to apply
- `gaussian`: work from Gaussian states of harmonic modes, by all unitaries or Gaussian ones, from a covariance
- `free_energy`: work with a heat bath, with and without a phase reference
- `energy`, `correlation`, `bound`: powers and peaks, entropies, bounds on the power

Nothing is re-exported here, so that `qsb.merit.ergotropy` always means the module; the most used functions are
`qsb.ergotropy` and so on.
"""
