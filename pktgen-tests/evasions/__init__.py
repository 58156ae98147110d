# SPDX-License-Identifier: Apache-2.0
"""Strategies against sensors, a family a file; table.py says what one is."""
