"""The traffic lane: real requests through a real router to Pods whose addresses are all this machine's own."""
