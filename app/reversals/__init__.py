"""Taking back exactly what a restructuring wrote (撤回调整)."""
