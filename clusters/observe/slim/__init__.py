"""What a watched object is cut down to, one function a kind: raw object in, JSON-able dict out, `Malformed` raised.

Times are the strings that Kubernetes sent; CPU is in thousandths of a core, memory in bytes. The keys of each kind
stand in its function's docstring; `clusters.observe.objects` adds what all kinds share: created, deleting (when it
is), owner {kind, name} (when a controller owns it). An object that could not be read is {"bad": why}.
"""
