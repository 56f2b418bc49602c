"""What `make run` is made of: the processes of one Slipway on one machine. Nothing here imports Django."""
