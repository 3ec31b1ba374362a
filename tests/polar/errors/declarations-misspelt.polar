resource Repo {
  role = ["reader"];
  permision = ["read"];
  relation = { parent: Org };

  "read" if "reader";
}

resource Org {
  roles = {};
  permissions = { read: Org };
  relations = [];
  roles = ["member"];
}
