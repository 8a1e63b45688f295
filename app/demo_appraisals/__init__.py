"""The demo district's appraisals, rectifications and cancelled tasks (考核、整顿、减负)."""
