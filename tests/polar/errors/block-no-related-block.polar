resource Repo {
  permissions = ["read"];
  relations = { parent: Org };
  "read" if "member" on "parent";
}
