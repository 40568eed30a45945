"""The pytest plugin: pages are collected, their blocks judged, what passed remembered and recorded."""
