"""Work handed to a Dask cluster; needs what requirements-cluster.txt names."""
