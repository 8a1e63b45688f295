"""Who serves where in the demo district (任职派驻)."""
