"""What can be looked at: one file a view, each a struct and the function that makes it from what is inside. None of them knows HTTP."""
