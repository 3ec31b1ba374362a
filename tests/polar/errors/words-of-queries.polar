allow(user: User, "read", repo: Repo) if user = repo.owner where repo.public;
allow(user: User, "push", repo: Repo) if user.age ** 2 > 9 and user = repo.owner;
"""Who may do what."""
