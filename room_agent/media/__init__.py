"""Exam cameras and the stethoscope as tracks that never die; nothing of the conversation (DESIGN D2)."""
