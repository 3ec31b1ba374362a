resource Org { permissions = [read, "write"]; }
resource Repo { permissions = ["read"]; roles = ["reader"]; read if "reader"; }
resource Animal { permissions = ["read"]; roles = ["reader"]; "read" if reader; }
resource Note { permissions = ["read"]; relations = { org: Org }; "read" if "write" on org; }
