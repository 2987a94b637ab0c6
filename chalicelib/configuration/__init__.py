"""What a deployment and an operator tell the hub: environment, register of accounts, the whole stage."""
