"""The watcher: list and watch of every registered cluster, kept as Observation rows.

kinds       what is watched, and how it is cut down (slim/, objects)
stream      one list or watch over HTTP
follow      one kind of one cluster: list, watch, list again when the server has forgotten
cluster     one cluster: its kinds, its pulse, its status
store       changes of all clusters, coalesced, into rows        whole   which objects are kept with all fields
sharing     which clusters are ours among several watchers       timers  keys of upper rooms that come due
process     the whole of it, until it is told to stop            read    the side that pages and ticks use
"""
