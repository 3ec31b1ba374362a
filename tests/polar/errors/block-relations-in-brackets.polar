resource Repo {
  relations = [parent: Org];
}

resource Org {
  relations = ["head": User];
}

resource Cat {
  "permissions": ["pet"];
}

resource Dog {
  permissions = ("pet", "feed");
}
