"""Tandem's worker for MLX models."""

__version__ = "0.1.0"
