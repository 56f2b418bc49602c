"""Machines to install a cluster on: own init, own network, own sshd. Linux and root only.

To an installer they are like any others, except for what sandbox/README.md says they share with this machine.
"""
