allow(user, "read", repo: Repo) if
  user.name = (repo.owner = "Ann");
