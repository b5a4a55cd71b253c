"""How an evaluation is worked through: jobs for all cores, whose results are cached so that a run can be resumed."""
