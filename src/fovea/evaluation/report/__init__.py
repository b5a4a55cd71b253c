"""The report of an evaluation: a web page, tables and plots."""
