"""The face for sigma-cli: pySigma's ``Backend`` interface."""
