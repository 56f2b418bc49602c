"""What can be typed after `slipway`, a module for each subject."""
