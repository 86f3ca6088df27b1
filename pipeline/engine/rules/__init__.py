"""What happens at an event, written once as ordinary Python: state, account, orders, market, auction."""
