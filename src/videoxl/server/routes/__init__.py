"""Routes: HTTP in, one call of the logic, HTTP out."""
