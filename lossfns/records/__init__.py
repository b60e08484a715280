"""The records of the catalog, a file per family."""
