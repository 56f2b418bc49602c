"""The pages of installs: a wizard from hosts to a cluster, and what is done to the cluster afterwards."""
