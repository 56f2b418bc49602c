"""Measurements that start what they measure."""
