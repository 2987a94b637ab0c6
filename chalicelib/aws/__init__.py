"""The calls that the hub makes to AWS, service by service, and what AWS' refusals mean."""
