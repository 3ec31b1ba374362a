resource Org {
  roles = ["owner"];
}

resource Repo {
  roles = ["admin", "writer"];
  relations = { parent: Org };

  "admin" if "owner" in "parent";
}
