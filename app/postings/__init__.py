"""Who serves where, in which post, from when to when (任职派驻)."""
