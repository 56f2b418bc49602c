"""What may be done to people, teams and tokens: a file per subject, a function per verb."""
