resource Org { roles = ["a", "b"]; permissions = ["read"]; "read" if "a" and "b"; }
resource Repo { roles = ["a", "b"]; permissions = ["read"]; "read" if "a" or "b"; }
resource Site { roles = ["a", "b"]; permissions = ["read"]; "read" if "a", "b"; }
