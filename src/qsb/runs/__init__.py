"""Data in, data out: spec files, runs, sweeps and the checked dataset."""
