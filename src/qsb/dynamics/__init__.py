"""From `Problem` to readouts: representations, integrators, planner. Knows no model and no figure of merit."""
