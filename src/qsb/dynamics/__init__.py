"""From `Problem` to readouts: representations, integrators, the planner. Knows no model's name and no figure of merit."""
