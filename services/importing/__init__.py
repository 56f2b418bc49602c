"""From what stands on a cluster or in a catalog file to a plan of what the catalog would gain.

documents, backstage   a catalog-info.yaml        labels, reading   live Deployments
entries                what both end in           plan              entries against the rows there are
"""
