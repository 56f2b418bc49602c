"""Sign-in of programs on a person's own machine, as `slipway login`: they ask, the person allows it in the browser."""
