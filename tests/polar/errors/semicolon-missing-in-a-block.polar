resource Org { roles = ["member"] }
resource Repo { roles = ["reader"]; permissions = ["read"]; "read" if "reader" }
resource Animal {
  roles = ["owner"]
  "owner" if "owner";
}
