"""The plan, the programmes and the documents of the demo district (计划、项目、文件)."""
