actor User {}

resource Repo {
  roles = { reader: User };
  permission = ["read"];
  relations = ["owner"];
  permissions = ["read"];
  permissions = ["write"];
}

Org {}
everyone { roles = ["admin"]; }
