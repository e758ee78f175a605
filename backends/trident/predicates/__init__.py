"""One reading of a Sigma detection, whatever language it is written in afterwards."""
