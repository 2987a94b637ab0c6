"""All of Switchboard that runs on AWS, one folder for each part; `tests/test_layers.py` ranks them."""
