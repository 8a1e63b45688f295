"""The plan, its programmes, pilots and documents (计划、项目、文件)."""
