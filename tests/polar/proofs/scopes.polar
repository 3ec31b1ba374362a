#: reading edit draft
allow(user: User, "edit", post: Post) if post.author = user;

allow(token: Token, action, resource) if
  action in token.scopes and
  allow(token.user, action, resource);
