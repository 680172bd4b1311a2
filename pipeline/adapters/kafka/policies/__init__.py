"""The topic `policies`: what is in force, and how a policy is put in force."""
