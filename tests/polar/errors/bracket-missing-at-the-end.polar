allow(user: User, "read", repo: Repo) if
  user = repo.owner and (
    repo.is_public or
    user.is_admin
